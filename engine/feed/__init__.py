"""Takes in what workers found: each thing once, committed before it is acknowledged, searchable soon after."""
