"""One file per platform; `base` is the contract, `http` the one HTTP client, `catalog` the one list."""
