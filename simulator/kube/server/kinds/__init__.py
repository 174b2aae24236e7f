"""The built-in kinds: defaults, rules and selectable fields of each."""
