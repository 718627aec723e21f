"""What an operator must fix, said in one sentence. Never raised because of an order."""


class OperatorError(Exception):
    """A fault of the installation, its settings or its input files; the message is one sentence for a person."""


class ListError(OperatorError):
    """A list, ownership or rules file that cannot be taken: names the file, the line and what was expected."""

    def __init__(self, file: str, line: int | None, expected: str) -> None:
        where = f"{file}:{line}" if line is not None else file
        super().__init__(f"{where}: {expected}")
        self.file = file
        self.line = line
        self.expected = expected
