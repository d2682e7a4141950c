"""What `docker compose up -d --scale iot-client=N` does with the compose file of AWS's samples, without containers.

Each service gets what its Dockerfile gives it: its folder at /opt/NAME, the packages of its requirements.txt, and the same
command. A device has a /opt/iot_client of its own, in a mount namespace of its own.
"""

import os
import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path

SERVICE = Path("/opt/cert_signing_service")
DEVICE = Path("/opt/iot_client")


def main(arguments):
    if arguments[:2] != ["compose", "up"] or "-d" not in arguments:
        sys.exit(f"this stands in for docker compose up -d alone, not for {arguments}")
    scales = [argument for argument in arguments if argument.startswith("iot-client=")]
    work = Path(os.environ["SAMPLES_WORK"])
    start(["python3", str(SERVICE / "signing_service.py")], Path("cert_signing_service"), SERVICE, work / "signing.log")
    # A container takes longer to start than this service does.
    wait_for_port(8080)
    for number in range(int(scales[0].partition("=")[2])):
        folder = work / f"device-{number}"
        shutil.copytree("iot_client", folder)
        sdk = folder / "aws-iot-device-sdk-python-v2"
        sdk.symlink_to(os.environ["SAMPLES_SDK"])
        inside = f'mount --bind "{folder}" {DEVICE} && cd {DEVICE} && exec python3 {DEVICE}/device_cert_gen.py'
        command = ["unshare", "--mount", "sh", "-c", inside]
        start(command, None, Path("/"), work / f"device-{number}.log")


def start(command, source, directory, log):
    if source:
        shutil.copytree(source, directory, dirs_exist_ok=True)
    with open(log, "w") as output:
        subprocess.Popen(
            command, cwd=directory, stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True
        )


def wait_for_port(port):
    for _ in range(600):
        with socket.socket() as client:
            if client.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    sys.exit(f"nothing listens on port {port}")


main(sys.argv[1:])
