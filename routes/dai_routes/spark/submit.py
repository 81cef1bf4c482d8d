"""``dai-score spark`` as a file, since spark-submit runs nothing else of Python."""

import sys

if __name__ == "__main__":
    # Python puts the folder of this file first, in which modules have names such as worker and session.
    del sys.path[0]
    from dai_scoring.cli.app import main

    sys.argv = ["dai-score", "spark", *sys.argv[1:]]
    main()
