"""The program of ``senter-failure@.service``; takes the name of the unit that failed."""

import asyncio
import logging
import sys

from senter.bus.runtime import BUS_LOST, START_FAILED
from senter.errors import NotRunning, SenterError
from senter.failure.standin import StandIn


async def main(unit: str) -> int:
    """Stand in for a unit; an exit code as in ``senter.bus.runtime``."""
    try:
        return await StandIn(unit).stand_in()
    except NotRunning as error:
        logging.error("%s", error)
        return BUS_LOST
    except SenterError as error:
        logging.error("%s", error)
        return START_FAILED


if __name__ == "__main__":
    sys.exit(asyncio.run(main(sys.argv[1])))
