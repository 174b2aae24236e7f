"""The executables that a CNI runtime starts.

| file | what it is |
| --- | --- |
| protocol.py | one call as a generator of effects: what to send, what to answer, when to give back |
| __main__.py | the same generator driven by system calls |
| build.py | both as one executable file |
"""
