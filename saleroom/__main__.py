"""`python -m saleroom`."""

import sys

from saleroom.cli import main

sys.exit(main())
