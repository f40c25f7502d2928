"""Local worker processes: started, watched, ended."""
