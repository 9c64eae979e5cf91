"""`join --config FILE.toml`: the options of `join` in a file, under the same names."""

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from wgmesh.settings import Options


def read_options(path: Path) -> "Options":
    """The options in a TOML file; WgmeshError if it cannot be read or says what `join` does not take."""
    import tomllib

    import msgspec

    from wgmesh.domain.errors import WgmeshError
    from wgmesh.settings import Options

    try:
        return msgspec.convert(tomllib.loads(path.read_text("utf-8")), Options)
    except OSError as error:
        raise WgmeshError(f"{path} cannot be read: {error.strerror}") from error
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise WgmeshError(f"{path} is not a TOML file: {error}") from error
    except msgspec.ValidationError as error:
        raise WgmeshError(f"{path} holds what join does not take: {error}") from error
