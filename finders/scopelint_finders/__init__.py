"""The built-in finders: one module and one page for every kind of file.

A finder is found through the entry-point group `scopelint.finders`, as a third party's would be;
nothing in the core imports this package. It may import `access`, `errors`, `finder`, `references`,
`terraform` and `yaml`.
"""
