"""Known bugs of this field, switched on: for each rule of the ledger, the product without it.

A check that has never failed proves nothing. Each mutant takes one rule away from the product, and a test shows that a
scenario or a few seeds then break. Only tests apply them.
"""
