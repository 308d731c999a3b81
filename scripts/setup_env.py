"""First step of every ``make`` target: is this Python new enough? If so, ``scripts/provision.py`` goes on.

This file alone must stay valid Python 2.7, so that an old interpreter prints a sentence instead of a
SyntaxError.
"""

import os
import sys

if sys.version_info < (3, 11):
    sys.stderr.write(
        "Triptyque needs Python 3.11 or newer: this is Python %d.%d (%s). "
        "Install a newer one, or name one that is installed: make PYTHON=/path/to/python3.11 <target>.\n"
        % (sys.version_info[0], sys.version_info[1], sys.executable)
    )
    sys.exit(1)

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

from scripts.provision import main

sys.exit(main(sys.argv[1:]))
