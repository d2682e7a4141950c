"""Follows the README of one of AWS's samples (`jitp`, `jitr` or `bulk`), command by command, and prints what came of it as JSON.

It runs as root of a network and a mount namespace of its own, since the samples use fixed ports, /opt and the system's roots:
    unshare --net --mount --pid --fork --kill-child python3 run.py SAMPLE PATHS-AS-JSON
"""

import json
import os
import shutil
import socket
import subprocess
import sys
import threading
import time
import urllib.request
import zipfile
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

sys.path.append(str(Path(__file__).parent.parent))
import alone  # noqa: E402

ACCOUNT, REGION = "123456789012", "us-east-1"
SAMPLES = {
    "jitp": "just-in-time-provisioning",
    "jitr": "just-in-time-registration",
    "bulk": "bulk-registration-using-csr",
}
FLEET = 3
SAMPLE, PATHS = sys.argv[1], json.loads(sys.argv[2])
WORK = Path(PATHS["work"])
FOLDER = WORK / "sample"
SUBJECT = f"/C=US/ST=CO/L=Denver/O=AnyCompany/OU=All/CN={SAMPLE.upper()}-IoT-Devices-Root-CA"


def main():
    own_machine()
    prepare()
    server = start_server()
    aws = Aws(server)
    if SAMPLE == "bulk":
        print(json.dumps(bulk(aws)))
        return
    if SAMPLE == "jitr":
        dynamo = ThreadingHTTPServer(("127.0.0.1", 8001), Dynamo)
        threading.Thread(target=dynamo.serve_forever, daemon=True).start()
    things(aws)
    {"jitp": provisioning_template, "jitr": function_and_rule}[SAMPLE](aws)
    register_ca(aws)
    simulate(aws)
    print(json.dumps(watch(aws)))


def own_machine():
    """Turns the loopback on and puts what containers have of their own over the machine's."""
    alone.begin(WORK, ["cert_signing_service"])
    run("mount", "-t", "tmpfs", "samples", "/opt")
    os.mkdir("/opt/iot_client")


def prepare():
    """A copy of the sample with account and region filled in, as its README asks, and the programs in PATH."""
    shutil.copytree(Path(PATHS["samples"]) / SAMPLES[SAMPLE], FOLDER)
    blanks = {"<YOUR-REGION>": REGION, "<REGION>": REGION, "<ACCOUNT-ID>": ACCOUNT, "<ACCOUNT ID>": ACCOUNT}
    for path in FOLDER.glob("*.json"):
        text = path.read_text()
        for blank, value in blanks.items():
            text = text.replace(blank, value)
        path.write_text(text)
    programs = WORK / "bin"
    programs.mkdir()
    docker = programs / "docker"
    docker.write_text(f'#!/bin/sh\nexec {sys.executable} {Path(__file__).parent / "containers.py"} "$@"\n')
    docker.chmod(0o755)
    os.environ.update(SAMPLES_WORK=str(WORK), SAMPLES_SDK=PATHS["sdk"])
    os.environ["PATH"] = f'{programs}:{PATHS["devices"]}/bin:{os.environ["PATH"]}'
    os.chdir(FOLDER)


def start_server():
    """The server with AWS's own ports, and the CLI's environment for it."""
    config = WORK / "config.toml"
    python = f'{PATHS["tools"]}/bin/python'
    config.write_text(
        "[functions]\nlocal = true\n[[functions.runtimes]]\nruntime = \"python3*\"\n"
        f'command = ["{python}", "-m", "awslambdaric", "{{handler}}"]\n'
    )
    data = WORK / "data"
    command = [PATHS["thingsmith"], "serve", "--account", ACCOUNT, "--data-dir", str(data), "--config", str(config)]
    log = open(WORK / "server.log", "w")
    subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
    for _ in range(300):
        time.sleep(0.1)
        said = subprocess.run(
            [PATHS["thingsmith"], "env", "--data-dir", str(data)], capture_output=True, text=True
        )
        with socket.socket() as client:
            if said.returncode == 0 and client.connect_ex(("127.0.0.1", 8883)) == 0:
                break
    else:
        fail("the server does not start", WORK / "server.log")
    exports = {}
    for line in said.stdout.splitlines():
        name, _, value = line.removeprefix("export ").partition("=")
        exports[name] = value.strip("'\"")
    # The one change that every client needs: whom to trust.
    run("mount", "--bind", exports["THINGSMITH_CA"], "/etc/ssl/certs/ca-certificates.crt")
    return exports


class Aws:
    def __init__(self, environment):
        self.environment = {**os.environ, **environment, "AWS_PAGER": "", "AWS_EC2_METADATA_DISABLED": "true"}

    def __call__(self, *words):
        command = [f'{PATHS["tools"]}/bin/aws', *words]
        done = subprocess.run(command, env=self.environment, capture_output=True, text=True)
        if done.returncode:
            sys.exit(f"aws {' '.join(words)}: {done.stdout}{done.stderr}")
        return json.loads(done.stdout) if done.stdout.strip() else {}


def things(aws):
    aws("iot", "create-thing-type", "--thing-type-name", "AnyType")
    aws("iot", "create-thing-group", "--thing-group-name", "AnyCompany")
    for group in ("Dev", "Prod", "unclaimed"):
        aws("iot", "create-thing-group", "--thing-group-name", group, "--parent-group-name", "AnyCompany")
    aws("iot", "create-billing-group", "--billing-group-name", "AnyCompany")
    policy = "file://any_type_thing_policy.json"
    aws("iot", "create-policy", "--policy-name", "AnyTypeThing-policy", "--policy-document", policy)


def provisioning_template(aws):
    role = "iot-core-provisioning-role"
    aws("iam", "create-role", "--role-name", role, "--assume-role-policy-document", "file://aws_iot_trust_policy.json",
        "--description", "Role for IoT Core Provisioning")
    aws("iam", "attach-role-policy", "--role-name", role,
        "--policy-arn", "arn:aws:iam::aws:policy/service-role/AWSIoTThingsRegistration")
    aws("iot", "create-provisioning-template", "--template-name", "jitp-provisioning-template", "--enabled",
        "--type", "JITP", "--provisioning-role-arn", f"arn:aws:iam::{ACCOUNT}:role/{role}",
        "--template-body", "file://jitp_provisioning_template.json")


def function_and_rule(aws):
    role = "jitr-example-lambda-role"
    aws("iam", "create-role", "--role-name", role,
        "--assume-role-policy-document", "file://aws_lambda_trust_policy.json")
    policy = "jitr-example-lambda-role-policy"
    made = aws("iam", "create-policy", "--policy-name", policy,
               "--policy-document", "file://jitr_example_lambda_role_policy.json")
    aws("iam", "attach-role-policy", "--policy-arn", made["Policy"]["Arn"], "--role-name", role)
    shutil.copy(PATHS["layer"], "jitr_example_lambda_layer.zip")
    layer = aws("lambda", "publish-layer-version", "--layer-name", "jitr_example_lambda_layer",
                "--compatible-runtimes", "python3.7", "--zip-file", "fileb://jitr_example_lambda_layer.zip")
    with zipfile.ZipFile("lambda_function.py.zip", "w") as archive:
        archive.write("lambda_function.py")
    aws("lambda", "create-function", "--function-name", "jitr-example-lambda",
        "--role", f"arn:aws:iam::{ACCOUNT}:role/{role}", "--zip-file", "fileb://lambda_function.py.zip",
        "--runtime", "python3.7", "--handler", "lambda_function.lambda_handler",
        "--layers", layer["LayerVersionArn"], "--timeout", "60",
        # Not in the README: there is no DynamoDB here, so that the function is told where one is.
        "--environment", f"Variables={{AWS_ENDPOINT_URL_DYNAMODB={DYNAMO}}}")
    # Not in the README, and AWS needs it as well: a rule calls no function that does not permit it.
    aws("lambda", "add-permission", "--function-name", "jitr-example-lambda", "--statement-id", "jitr",
        "--action", "lambda:InvokeFunction", "--principal", "iot.amazonaws.com",
        "--source-arn", f"arn:aws:iot:{REGION}:{ACCOUNT}:rule/jitr_iot_rule", "--source-account", ACCOUNT)
    aws("iot", "create-topic-rule", "--rule-name", "jitr_iot_rule",
        "--topic-rule-payload", "file://jitr_iot_rule.json")


def register_ca(aws):
    run("openssl", "genrsa", "-out", "rootCA.key", "2048")
    run("openssl", "req", "-new", "-sha256", "-key", "rootCA.key", "-nodes", "-out", "rootCA.csr",
        "-config", "rootCA_openssl.conf", "-subj", SUBJECT)
    run("openssl", "x509", "-req", "-days", "3650", "-extfile", "rootCA_openssl.conf", "-extensions", "v3_ca",
        "-in", "rootCA.csr", "-signkey", "rootCA.key", "-out", "rootCA.pem")
    code = aws("iot", "get-registration-code")["registrationCode"]
    run("openssl", "genrsa", "-out", "verificationCert.key", "2048")
    run("openssl", "req", "-new", "-key", "verificationCert.key", "-out", "verificationCert.csr",
        "-subj", f"/CN={code}")
    run("openssl", "x509", "-req", "-in", "verificationCert.csr", "-CA", "rootCA.pem", "-CAkey", "rootCA.key",
        "-CAcreateserial", "-out", "verificationCert.pem", "-days", "500", "-sha256")
    template = {"jitp": ["--registration-config", "templateName=jitp-provisioning-template"], "jitr": []}[SAMPLE]
    aws("iot", "register-ca-certificate", "--ca-certificate", "file://rootCA.pem",
        "--verification-cert", "file://verificationCert.pem", "--set-as-active", "--allow-auto-registration",
        *template)


def simulate(aws):
    endpoint = aws("iot", "describe-endpoint", "--endpoint-type", "iot:Data-ATS")["endpointAddress"]
    command = ["simulation.py", "-e", endpoint, "-n", str(FLEET)]
    environment = dict(os.environ)
    python = f'{PATHS["devices"]}/bin/python3'
    if SAMPLE == "jitr":
        # The sample runs this part where boto3 is.
        python = f'{PATHS["tools"]}/bin/python3'
        key, secret = aws.environment["AWS_ACCESS_KEY_ID"], aws.environment["AWS_SECRET_ACCESS_KEY"]
        command += ["--aws_access_key_id", key, "--aws_secret_access_key", secret, "--region_name", REGION]
        environment["AWS_ENDPOINT_URL_DYNAMODB"] = DYNAMO
    done = subprocess.run([python, *command], env=environment, capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"simulation.py: {done.stdout}{done.stderr}")


def bulk(aws):
    """From bootstrap.sh to the certificates that the report has."""
    programs = WORK / "bin"
    for name, script in {
        "aws": f'exec {PATHS["tools"]}/bin/aws "$@"',
        # The sample calls a program of this name, and gives it the template's name for the template: neither works with AWS.
        MEND: f'exec {PATHS["tools"]}/bin/{MEND} "$1" "file://$2" "${{@:3}}"',
    }.items():
        (programs / name).write_text(f"#!/bin/bash\n{script}\n")
        (programs / name).chmod(0o755)
    for command, answers in [
        (["bash", "bootstrap.sh"], f"{ACCOUNT}\n{REGION}\ny\n"),
        ([f'{PATHS["devices"]}/bin/python3', "simulation.py", "-n", str(FLEET)], ""),
    ]:
        done = subprocess.run(command, env=aws.environment, input=answers, capture_output=True, text=True)
        if done.returncode:
            sys.exit(f"{command}: {done.stdout}{done.stderr}")
    [task] = aws("iot", "list-thing-registration-tasks")["taskIds"]
    until = time.monotonic() + 300
    while (described := aws("iot", "describe-thing-registration-task", "--task-id", task))["status"] == "InProgress":
        if time.monotonic() > until:
            fail(f"the task stays {described}", WORK / "server.log")
    reports = "list-thing-registration-task-reports"
    links = aws("iot", reports, "--task-id", task, "--report-type", "RESULTS")["resourceLinks"]
    text = "".join(urllib.request.urlopen(link).read().decode() for link in links)
    asked = [json.loads(line) for line in Path("parameters.json").read_text().splitlines()]
    devices = []
    for device, line in zip(asked, map(json.loads, text.splitlines()), strict=True):
        answer = line["response"]
        Path("device.csr").write_text(device["CSR"])
        Path("device.pem").write_text(answer["CertificatePem"])
        keys = [output("openssl", kind, "-pubkey", "-noout", "-in", file)
                for kind, file in (("req", "device.csr"), ("x509", "device.pem"))]
        name = device["ThingName"]
        described_thing = aws("iot", "describe-thing", "--thing-name", name)
        groups = aws("iot", "list-thing-groups-for-thing", "--thing-name", name)["thingGroups"]
        [principal] = aws("iot", "list-thing-principals", "--thing-name", name)["principals"]
        policies = aws("iot", "list-attached-policies", "--target", principal)["policies"]
        devices.append({
            "thing": answer["ResourceArns"]["thing"].endswith(f":thing/{name}"),
            "certificate": answer["ResourceArns"]["certificate"] == principal,
            "key": keys[0] == keys[1],
            "serial": described_thing["attributes"]["serialNumber"] == device["SerialNumber"],
            "type": described_thing["thingTypeName"] == device["ThingTypeName"],
            "group": [group["groupName"] for group in groups] == [device["ThingGroup"] or "unclaimed"],
            "billing_group": described_thing["billingGroupName"],
            "policies": [policy["policyName"] for policy in policies],
        })
    return {"status": described["status"], "failed": described["failureCount"], "devices": devices}


def watch(aws):
    """Waits until each device has heard its own telemetry, and tells what the registry has then."""
    logs = [WORK / f"device-{number}/logs/mqtt_client.log" for number in range(FLEET)]
    until = time.monotonic() + 300
    while not all(log.exists() and "Received message from topic" in log.read_text() for log in logs):
        if time.monotonic() > until:
            fail("the devices do not get in", *logs, *WORK.glob("*.log"), *WORK.glob("data/functions/logs/*/*.log"))
        time.sleep(0.5)
    found = []
    for thing in aws("iot", "list-things")["things"]:
        name = thing["thingName"]
        groups = aws("iot", "list-thing-groups-for-thing", "--thing-name", name)["thingGroups"]
        described = aws("iot", "describe-thing", "--thing-name", name)
        [principal] = aws("iot", "list-thing-principals", "--thing-name", name)["principals"]
        certificate = aws("iot", "describe-certificate", "--certificate-id", principal.rpartition("/")[2])
        policies = aws("iot", "list-attached-policies", "--target", principal)["policies"]
        found.append({
            "named": described["attributes"].pop("serialNumber") == name,
            "hardware": described["attributes"].pop("hardwareVersion").startswith("HW-"),
            "attributes": described["attributes"],
            "type": described["thingTypeName"],
            "billing_group": described["billingGroupName"],
            "group": len(groups) == 1 and groups[0]["groupName"] in ("Dev", "Prod", "unclaimed"),
            "status": certificate["certificateDescription"]["status"],
            "policies": [policy["policyName"] for policy in policies],
        })
    refused_once = all("Command failed with exit code" in log.read_text() for log in logs)
    return {"things": found, "first_connection_refused": refused_once}


class Dynamo(BaseHTTPRequestHandler):
    """As much of DynamoDB as the sample asks for: one table, items by their one key."""

    tables = {}

    def do_POST(self):
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        operation = self.headers["X-Amz-Target"].rpartition(".")[2]
        table, status = self.tables.get(asked["TableName"]), 200
        if operation == "CreateTable":
            self.tables[asked["TableName"]] = {}
            answer = {"TableDescription": {"TableName": asked["TableName"], "TableStatus": "ACTIVE"}}
        elif table is None:
            status, answer = 400, {"__type": "com.amazonaws.dynamodb.v20120810#ResourceNotFoundException"}
        elif operation == "DescribeTable":
            answer = {"Table": {"TableName": asked["TableName"], "TableStatus": "ACTIVE"}}
        elif operation == "PutItem":
            table[asked["Item"]["serialNumber"]["S"]] = asked["Item"]
            answer = {}
        elif operation == "Query":
            item = table.get(asked["ExpressionAttributeValues"][":serial_number"]["S"])
            answer = {"Items": [item] if item else [], "Count": int(bool(item))}
        else:
            status, answer = 400, {"__type": "com.amazon.coral.service#UnknownOperationException"}
        body = json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/x-amz-json-1.0")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


def run(*command):
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"{' '.join(command)}: {done.stdout}{done.stderr}")


def output(*command):
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def fail(reason, *logs):
    for log in logs:
        if log.is_file():
            print(f"--- {log}\n{log.read_text()[-4000:]}", file=sys.stderr)
    sys.exit(reason)


MEND = "aws iot start-thing-registration-task"
DYNAMO = "http://127.0.0.1:8001"

main()
