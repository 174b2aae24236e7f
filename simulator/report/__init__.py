"""What people look at: the trace, one line per event, and the HTML timeline."""
