"""Devices on the AWS IoT Device SDK v2 with the SDK's own defaults: no port is given, so that it takes 443 with ALPN.

It runs in a network of its own, where every port is free (`unshare --net`), starts the server with its own defaults but
for port 443, makes key, certificate, policy and thing with boto3 as an AWS user would, and connects with MQTT 3.1.1 and
MQTT 5 to the endpoint that DescribeEndpoint names. It prints a line of JSON for each thing that happens.
"""

import argparse
import fcntl
import json
import os
import queue
import socket
import struct
import subprocess
import time

import boto3
from botocore.config import Config
from awscrt import mqtt, mqtt5
from awsiot import mqtt5_client_builder, mqtt_connection_builder

PATIENCE = 60
TOPIC = "pump/inbox"
POLICY = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "iot:*", "Resource": "*"}]}


def say(event, **facts):
    print(json.dumps({"event": event, **facts}), flush=True)


def loopback_up():
    """What `ip link set lo up` does: a new network has its loopback interface down."""
    get_flags, set_flags, up = 0x8913, 0x8914, 1
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        request = struct.pack("16sh14x", b"lo", 0)
        flags = struct.unpack("16sh14x", fcntl.ioctl(any_socket, get_flags, request))[1]
        fcntl.ioctl(any_socket, set_flags, struct.pack("16sh14x", b"lo", flags | up))


def wait_for(path, server):
    for _ in range(PATIENCE * 20):
        if os.path.exists(path):
            return
        if server.poll() is not None:
            raise SystemExit(f"the server ended: {server.returncode}")
        time.sleep(0.05)
    raise SystemExit("the server does not start")


def provision(iot, directory):
    made = iot.create_keys_and_certificate(setAsActive=True)
    files = {"cert": made["certificatePem"], "key": made["keyPair"]["PrivateKey"]}
    for name, text in files.items():
        with open(os.path.join(directory, f"{name}.pem"), "w", opener=lambda path, flags: os.open(path, flags, 0o600)) as file:
            file.write(text)
    iot.create_policy(policyName="devices", policyDocument=json.dumps(POLICY))
    iot.attach_policy(policyName="devices", target=made["certificateArn"])
    iot.create_thing(thingName="pump")
    iot.attach_thing_principal(thingName="pump", principal=made["certificateArn"])
    return iot.describe_endpoint(endpointType="iot:Data-ATS")["endpointAddress"]


def mqtt_3(arguments):
    received = queue.Queue()
    connection = mqtt_connection_builder.mtls_from_path(**arguments)
    connection.connect().result(PATIENCE)
    say("connected", version=3, port=connection.port)
    subscribed, _ = connection.subscribe(
        TOPIC, mqtt.QoS.AT_LEAST_ONCE, lambda topic, payload, **_: received.put(payload.decode())
    )
    subscribed.result(PATIENCE)
    connection.publish(TOPIC, "three", mqtt.QoS.AT_LEAST_ONCE)[0].result(PATIENCE)
    say("received", payload=received.get(timeout=PATIENCE))
    connection.disconnect().result(PATIENCE)


def mqtt_5(arguments):
    outcomes, received = queue.Queue(), queue.Queue()
    client = mqtt5_client_builder.mtls_from_path(
        **arguments,
        on_lifecycle_connection_success=lambda data: outcomes.put("connected"),
        on_lifecycle_connection_failure=lambda data: outcomes.put(f"refused: {data.exception}"),
        on_publish_received=lambda data: received.put(data.publish_packet.payload.decode()),
    )
    client.start()
    say(outcomes.get(timeout=PATIENCE), version=5)
    subscription = mqtt5.Subscription(topic_filter=TOPIC, qos=mqtt5.QoS.AT_LEAST_ONCE)
    client.subscribe(mqtt5.SubscribePacket(subscriptions=[subscription])).result(PATIENCE)
    client.publish(mqtt5.PublishPacket(topic=TOPIC, payload="five", qos=mqtt5.QoS.AT_LEAST_ONCE)).result(PATIENCE)
    say("received", payload=received.get(timeout=PATIENCE))
    client.stop()


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--binary", required=True)
    parser.add_argument("--directory", required=True)
    options = parser.parse_args()
    loopback_up()
    data = os.path.join(options.directory, "data")
    server = subprocess.Popen(
        [options.binary, "serve", "--account", "123456789012", "--data-dir", data, "--https", "127.0.0.1:443"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=open(os.path.join(options.directory, "log"), "w"),
    )
    try:
        wait_for(os.path.join(data, "endpoints.json"), server)
        with open(os.path.join(data, "endpoints.json")) as file:
            api = json.load(file)["api"]
        os.environ["AWS_SHARED_CREDENTIALS_FILE"] = os.path.join(data, "credentials")
        # A server that has just started makes its first RSA keys, and says so by throttling.
        patience = Config(retries={"mode": "standard", "max_attempts": 20})
        iot = boto3.client("iot", endpoint_url=api, region_name="us-east-1", config=patience)
        endpoint = provision(iot, options.directory)
        arguments = {
            "endpoint": endpoint,
            "ca_filepath": os.path.join(data, "ca.pem"),
            "cert_filepath": os.path.join(options.directory, "cert.pem"),
            "pri_key_filepath": os.path.join(options.directory, "key.pem"),
            "client_id": "pump",
        }
        mqtt_3(arguments)
        mqtt_5(arguments)
    finally:
        server.terminate()
        say("stopped", code=server.wait(PATIENCE))


main()
