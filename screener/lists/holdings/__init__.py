"""Sources of ownership -> edges: one reader a layout, and what their edges have in common.

`read.read_edges` takes a file and gives it to the reader of its layout, which it knows by content. A reader invents
nothing: what a source does not state is unknown. What it can't use it says, with the place, and reads on.
"""
