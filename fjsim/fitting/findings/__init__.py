"""What a fit found: the result, what is identified, intervals, caveats, the summary."""
