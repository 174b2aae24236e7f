"""From an object and a patch to the next object: JSON, merge, strategic and apply, and who owns which field."""
