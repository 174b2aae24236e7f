"""The executables that a CNI runtime starts."""
