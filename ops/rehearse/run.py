"""To come."""


def rehearse(environment: str, *, keep: bool, only: tuple[str, ...], as_json: bool) -> bool:
    raise NotImplementedError
