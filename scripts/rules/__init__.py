"""The rules of the house, one family per file.

A family has one function, `findings(tree)`, which yields `(path, line, text)`; the text says what
was found and, after a semicolon, what would be right.
"""
