"""What a real installation wrote into its log files."""

from pathlib import Path


def faults_in_logs(data_dir: Path) -> list[str]:
    """Lines of any log file below `data_dir` that no bad input may cause: tracebacks and errors."""
    lines = [line for file in sorted((data_dir / "logs").glob("*")) for line in file.read_text().splitlines()]
    return [line for line in lines if "Traceback" in line or '"level":"error"' in line]
