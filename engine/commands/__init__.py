"""What `vedette-master` does instead of running: backup, restore, diagnose, rotate-key."""
