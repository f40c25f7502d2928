"""What every process of ours needs: clocks, named tasks, logs, exit codes."""
