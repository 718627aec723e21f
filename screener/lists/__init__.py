"""Files that publishers and companies write -> the snapshot that orders are screened against (control plane).

Promises of the readers (`read`, `private`, `edges`): every published row is accounted for, no name is lost, and a file
that is damaged, cut off or of an unknown layout is refused with one sentence (`ListError`), because a list taken by
half clears orders that it should stop. Slow and careful: nothing here runs for an order.
"""
