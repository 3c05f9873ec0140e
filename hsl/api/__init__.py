"""The REST API under /api/v1: what pages and command line do, for other programs.

A request has a key (`hsl.keys`) and acts as it; what it may do is asked where the deed is done.
"""
