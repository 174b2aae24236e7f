"""What kinds print as rows of a Table: columns and cells, a module for each group of kinds."""
