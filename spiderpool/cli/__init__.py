"""spiderpoolctl, the command line for administrators."""
