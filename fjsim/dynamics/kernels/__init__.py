"""The only compiled code: loops over agents and edges that numpy cannot fuse.

Import these modules where they are used, not at the top of a file: numba takes half a second to
load.
"""
