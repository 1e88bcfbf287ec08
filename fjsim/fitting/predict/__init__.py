"""What fitted or declared parameters predict."""
