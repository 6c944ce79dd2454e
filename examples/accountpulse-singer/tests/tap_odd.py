"""A tap that does what its settings say, in order: for everything that real ones do one day."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

config_path = Path(sys.argv[sys.argv.index("--config") + 1])
config = json.loads(config_path.read_text())
if "--discover" in sys.argv:
    print("starting discovery")
    print(json.dumps(config["catalog"]))
    sys.exit(0)
for step in config["steps"]:
    match step:
        case {"say": message}:
            print(json.dumps(message), flush=True)
        case {"print": text}:
            print(text, flush=True)
        case {"print_end": text}:
            print(text, end="", flush=True)
        case {"complain": text}:
            print(text.replace("TOKEN", config.get("token", "")), file=sys.stderr, flush=True)
        case {"rows": count, "stream": stream}:
            for number in range(count):
                print(json.dumps({"type": "RECORD", "stream": stream, "record": {"id": str(number), "name": "x" * 200}}))
        case {"long": size}:
            sys.stdout.write("{" + "x" * size)
            sys.stdout.flush()
        case {"renew": values}:
            config_path.write_text(json.dumps({**config, **values}))
        case {"tell": path}:
            wanted = {n: sys.argv[sys.argv.index(n) + 1] for n in ("--state", "--catalog", "--properties") if n in sys.argv}
            told = {
                "mode": oct(config_path.stat().st_mode & 0o777),
                "folder_mode": oct(config_path.parent.stat().st_mode & 0o777),
                "config_path": str(config_path),
                "environment": dict(os.environ),
                "token": config.get("token"),
                "files": {name: json.loads(Path(file).read_text()) for name, file in wanted.items()},
            }
            Path(path).write_text(json.dumps(told))
        case {"child": path}:
            child = subprocess.Popen([sys.executable, "-S", "-E", "-c", "import time; time.sleep(60)"])
            Path(path).write_text(json.dumps([os.getpid(), child.pid]))
        case {"sleep": seconds}:
            time.sleep(seconds)
        case {"exit": code}:
            sys.exit(code)
        case {"die": number}:
            os.kill(os.getpid(), number)
