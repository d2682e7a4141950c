"""Tries to connect with the MQTT 5 client of the AWS IoT Device SDK v2, and prints as JSON how the first try ends."""

import argparse
import json
import queue

from awsiot import mqtt5_client_builder


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--host", default="localhost")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--ca", required=True)
    parser.add_argument("--cert", required=True)
    parser.add_argument("--key", required=True)
    parser.add_argument("--client-id", required=True)
    options = parser.parse_args()

    outcomes = queue.Queue()

    def failed(data):
        connack = data.connack_packet
        outcomes.put({
            "connected": False,
            "reason_code": connack.reason_code.name if connack else None,
            "error": str(data.exception),
        })

    client = mqtt5_client_builder.mtls_from_path(
        endpoint=options.host,
        port=options.port,
        ca_filepath=options.ca,
        cert_filepath=options.cert,
        pri_key_filepath=options.key,
        client_id=options.client_id,
        on_lifecycle_connection_success=lambda data: outcomes.put({"connected": True}),
        on_lifecycle_connection_failure=failed,
    )
    client.start()
    print(json.dumps(outcomes.get(timeout=30)))
    client.stop()


main()
