"""A client that signs with an access key and speaks MQTT in a WebSocket: the AWS IoT Device SDK v2 with MQTT 3.1.1 or 5, or
Paho with a presigned URL (`paho`, and `paho5` with MQTT 5). It subscribes to a topic, publishes to it and waits for its own message.

The key comes from the environment, as AWS's tools have it. It prints a line of JSON for each thing that happens.
"""

import argparse
import json
import os
import queue
import ssl
import sys
import urllib.parse

PATIENCE = 30


def say(event, **facts):
    print(json.dumps({"event": event, **facts}), flush=True)


def sdk(options):
    from awscrt import auth, mqtt
    from awsiot import mqtt_connection_builder

    received = queue.Queue()
    connection = mqtt_connection_builder.websockets_with_default_aws_signing(
        region=options.region,
        credentials_provider=auth.AwsCredentialsProvider.new_default_chain(),
        endpoint=options.host,
        port=options.port,
        ca_filepath=options.ca,
        client_id=options.client_id,
        clean_session=True,
        keep_alive_secs=30,
    )
    connection.connect().result(PATIENCE)
    say("connected")
    on_message = lambda topic, payload, **_: received.put(payload.decode())  # noqa: E731
    future, _ = connection.subscribe(options.topic, mqtt.QoS.AT_LEAST_ONCE, on_message)
    future.result(PATIENCE)
    future, _ = connection.publish(options.topic, "hello", mqtt.QoS.AT_LEAST_ONCE)
    future.result(PATIENCE)
    say("received", payload=received.get(timeout=PATIENCE))
    connection.disconnect().result(PATIENCE)


def sdk5(options):
    from awscrt import auth, mqtt5
    from awsiot import mqtt5_client_builder

    received, connected, stopped = queue.Queue(), queue.Queue(), queue.Queue()
    client = mqtt5_client_builder.websockets_with_default_aws_signing(
        region=options.region,
        credentials_provider=auth.AwsCredentialsProvider.new_default_chain(),
        endpoint=options.host,
        port=options.port,
        ca_filepath=options.ca,
        client_id=options.client_id,
        on_publish_received=lambda data: received.put(data.publish_packet.payload.decode()),
        on_lifecycle_connection_success=lambda data: connected.put(True),
        on_lifecycle_connection_failure=lambda data: connected.put(data.exception),
        on_lifecycle_stopped=lambda data: stopped.put(True),
    )
    client.start()
    outcome = connected.get(timeout=PATIENCE)
    if outcome is not True:
        raise outcome
    say("connected")
    subscription = mqtt5.Subscription(options.topic, mqtt5.QoS.AT_LEAST_ONCE)
    client.subscribe(mqtt5.SubscribePacket(subscriptions=[subscription])).result(PATIENCE)
    message = mqtt5.PublishPacket(topic=options.topic, qos=mqtt5.QoS.AT_LEAST_ONCE, payload=b"hello")
    client.publish(message).result(PATIENCE)
    say("received", payload=received.get(timeout=PATIENCE))
    client.stop()
    stopped.get(timeout=PATIENCE)


def paho(options):
    import paho.mqtt.client as mqtt
    from botocore.auth import SigV4QueryAuth
    from botocore.awsrequest import AWSRequest
    from botocore.credentials import Credentials

    # The token of a session is no part of what is signed here, unlike anywhere else: it is added behind the signature.
    credentials = Credentials(os.environ["AWS_ACCESS_KEY_ID"], os.environ["AWS_SECRET_ACCESS_KEY"])
    token = os.environ.get("AWS_SESSION_TOKEN")
    request = AWSRequest("GET", f"https://{options.host}:{options.port}/mqtt")
    SigV4QueryAuth(credentials, "iotdevicegateway", options.region, 300).add_auth(request)
    path = "/mqtt?" + request.url.split("?", 1)[1]
    if token:
        path += "&X-Amz-Security-Token=" + urllib.parse.quote(token, safe="")
    refused = queue.Queue()
    version = mqtt.MQTTv5 if options.client == "paho5" else mqtt.MQTTv311
    client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2, options.client_id, transport="websockets", protocol=version)
    client.ws_set_options(path=path)
    client.tls_set(ca_certs=options.ca, tls_version=ssl.PROTOCOL_TLS_CLIENT)

    def on_connect(client, userdata, flags, reason, properties):
        if reason.is_failure:
            refused.put(str(reason))
            return
        say("connected")
        client.subscribe(options.topic, 1)

    def on_disconnect(client, userdata, flags, reason, properties):
        refused.put(str(reason))

    def on_message(client, userdata, message):
        say("received", payload=message.payload.decode())
        client.disconnect()

    client.on_connect = on_connect
    client.on_disconnect = on_disconnect
    client.on_subscribe = lambda client, *_: client.publish(options.topic, "hello", 1)
    client.on_message = on_message
    client.connect(options.host, options.port)
    client.loop_start()
    outcome = refused.get(timeout=PATIENCE)
    client.loop_stop()
    if outcome != "Normal disconnection" and outcome != "Success":
        raise ConnectionError(outcome)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--client", choices=["sdk", "sdk5", "paho", "paho5"], required=True)
    parser.add_argument("--host", default="localhost")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--ca", required=True)
    parser.add_argument("--region", default=os.environ.get("AWS_REGION", "us-east-1"))
    parser.add_argument("--client-id", default="web-1")
    parser.add_argument("--topic", default="plant/1")
    options = parser.parse_args()
    try:
        {"sdk": sdk, "sdk5": sdk5, "paho": paho, "paho5": paho}[options.client](options)
    except Exception as error:  # noqa: BLE001
        say("refused", error=repr(error))
        sys.stdout.flush()
        # The SDK's threads may go on trying.
        os._exit(1)
    say("done")


if __name__ == "__main__":
    sys.exit(main())
