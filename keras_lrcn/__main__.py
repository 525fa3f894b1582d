"""`python -m keras_lrcn` is `keras-lrcn`."""

import sys

from keras_lrcn.cli import main

if __name__ == "__main__":
    sys.exit(main())
