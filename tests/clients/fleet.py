"""A device that provisions itself by a claim: it gets a certificate, registers with it, and connects as itself.

It runs on the fleet provisioning clients of the AWS IoT Device SDK v2, which speak JSON, or on Paho and cbor2, which speak
CBOR. It prints a line of JSON for each thing that happens.
"""

import argparse
import json
import queue
import sys

PATIENCE = 30
TEMPLATE = "$aws/provisioning-templates/%s/provision"


def say(event, **facts):
    print(json.dumps({"event": event, **facts}), flush=True)


class Rejected(Exception):
    """The server rejected a request."""

    def __init__(self, status, code, message):
        super().__init__(message)
        self.status, self.code, self.message = status, code, message


def paths(options):
    return {
        "endpoint": options.host,
        "port": options.port,
        "ca_filepath": options.ca,
        "cert_filepath": options.cert,
        "pri_key_filepath": options.key,
        "client_id": options.client_id,
    }


def mqtt3(options):
    from awsiot import mqtt_connection_builder

    connection = mqtt_connection_builder.mtls_from_path(clean_session=True, keep_alive_secs=30, **paths(options))
    connection.connect().result(PATIENCE)
    return connection, connection


def mqtt5(options):
    from awsiot import mqtt5_client_builder

    connected = queue.Queue()
    client = mqtt5_client_builder.mtls_from_path(
        on_lifecycle_connection_success=lambda data: connected.put(True),
        on_lifecycle_connection_failure=lambda data: connected.put(False),
        **paths(options),
    )
    return client, connected


class ClassicClient:
    """`IotIdentityClient`, over MQTT 3.1.1 or an MQTT 5 client's connection."""

    def __init__(self, options):
        from awscrt import mqtt
        from awsiot import iotidentity

        self.identity = iotidentity
        self.qos = mqtt.QoS.AT_LEAST_ONCE
        if options.sdk == "mqtt3":
            self.connection, _ = mqtt3(options)
        else:
            client, _ = mqtt5(options)
            self.connection = client.new_connection()
            self.connection.connect().result(PATIENCE)
        self.client = iotidentity.IotIdentityClient(self.connection)

    def ask(self, name, request, subscription):
        answers = queue.Queue()
        for outcome in ("accepted", "rejected"):
            subscribe = getattr(self.client, f"subscribe_to_{name}_{outcome}")
            future, _ = subscribe(request=subscription, qos=self.qos, callback=answers.put)
            future.result(PATIENCE)
        getattr(self.client, f"publish_{name}")(request=request, qos=self.qos).result(PATIENCE)
        answer = answers.get(timeout=PATIENCE)
        if isinstance(answer, self.identity.ErrorResponse):
            raise Rejected(answer.status_code, answer.error_code, answer.error_message)
        return answer

    def keys(self):
        identity = self.identity
        request = identity.CreateKeysAndCertificateRequest()
        answer = self.ask(
            "create_keys_and_certificate", request, identity.CreateKeysAndCertificateSubscriptionRequest()
        )
        return answer.certificate_pem, answer.private_key, answer.certificate_ownership_token

    def csr(self, csr):
        identity = self.identity
        request = identity.CreateCertificateFromCsrRequest(certificate_signing_request=csr)
        answer = self.ask(
            "create_certificate_from_csr", request, identity.CreateCertificateFromCsrSubscriptionRequest()
        )
        return answer.certificate_pem, None, answer.certificate_ownership_token

    def register(self, template, token, parameters):
        identity = self.identity
        request = identity.RegisterThingRequest(
            template_name=template, certificate_ownership_token=token, parameters=parameters
        )
        answer = self.ask(
            "register_thing", request, identity.RegisterThingSubscriptionRequest(template_name=template)
        )
        return answer.thing_name, answer.device_configuration

    def disconnect(self):
        self.connection.disconnect().result(PATIENCE)


class RequestResponseClient:
    """`IotIdentityClientV2`, which subscribes, asks and waits by itself, over MQTT 5."""

    def __init__(self, options):
        import awsiot
        from awscrt import mqtt_request_response
        from awsiot import iotidentity

        self.identity, self.failure = iotidentity, awsiot.V2ServiceException
        self.mqtt, connected = mqtt5(options)
        self.mqtt.start()
        if not connected.get(timeout=PATIENCE):
            raise OSError("it may not connect")
        bounds = mqtt_request_response.ClientOptions(
            max_request_response_subscriptions=2,
            max_streaming_subscriptions=2,
            operation_timeout_in_seconds=PATIENCE,
        )
        self.client = iotidentity.IotIdentityClientV2(self.mqtt, bounds)

    def wait(self, future):
        try:
            return future.result(PATIENCE)
        except self.failure as failure:
            error = failure.modeled_error
            raise Rejected(error.status_code, error.error_code, error.error_message) from failure

    def keys(self):
        request = self.identity.CreateKeysAndCertificateRequest()
        answer = self.wait(self.client.create_keys_and_certificate(request))
        return answer.certificate_pem, answer.private_key, answer.certificate_ownership_token

    def csr(self, csr):
        request = self.identity.CreateCertificateFromCsrRequest(certificate_signing_request=csr)
        answer = self.wait(self.client.create_certificate_from_csr(request))
        return answer.certificate_pem, None, answer.certificate_ownership_token

    def register(self, template, token, parameters):
        request = self.identity.RegisterThingRequest(
            template_name=template, certificate_ownership_token=token, parameters=parameters
        )
        answer = self.wait(self.client.register_thing(request))
        return answer.thing_name, answer.device_configuration

    def disconnect(self):
        self.mqtt.stop()


class CborClient:
    """Paho and cbor2."""

    def __init__(self, options):
        import cbor2
        import paho.mqtt.client as paho

        self.cbor2 = cbor2
        self.answers, self.granted, connected = queue.Queue(), queue.Queue(), queue.Queue()
        self.client = paho.Client(paho.CallbackAPIVersion.VERSION2, options.client_id)
        self.client.tls_set(options.ca, options.cert, options.key)
        self.client.on_message = lambda client, data, message: self.answers.put(message)
        self.client.on_subscribe = lambda client, data, mid, codes, properties: self.granted.put(codes[0].value)
        self.client.on_connect = lambda client, data, flags, code, properties: connected.put(code.value)
        self.client.connect(options.host, options.port, keepalive=30)
        self.client.loop_start()
        if connected.get(timeout=PATIENCE) != 0:
            raise OSError("it may not connect")

    def ask(self, topic, request):
        topic += "/cbor"
        for outcome in ("accepted", "rejected"):
            self.client.subscribe(f"{topic}/{outcome}", qos=1)
            self.granted.get(timeout=PATIENCE)
        self.client.publish(topic, self.cbor2.dumps(request), qos=1).wait_for_publish(PATIENCE)
        message = self.answers.get(timeout=PATIENCE)
        answer = self.cbor2.loads(message.payload)
        if message.topic.endswith("/rejected"):
            raise Rejected(answer["statusCode"], answer["errorCode"], answer["errorMessage"])
        return answer

    def keys(self):
        answer = self.ask("$aws/certificates/create", {})
        return answer["certificatePem"], answer["privateKey"], answer["certificateOwnershipToken"]

    def csr(self, csr):
        answer = self.ask("$aws/certificates/create-from-csr", {"certificateSigningRequest": csr})
        return answer["certificatePem"], None, answer["certificateOwnershipToken"]

    def register(self, template, token, parameters):
        request = {"certificateOwnershipToken": token, "parameters": parameters}
        answer = self.ask(TEMPLATE % template, request)
        return answer.get("thingName"), answer["deviceConfiguration"]

    def disconnect(self):
        self.client.disconnect()
        self.client.loop_stop()


CLIENTS = {"mqtt3": ClassicClient, "mqtt5": ClassicClient, "v2": RequestResponseClient, "cbor": CborClient}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--sdk", choices=CLIENTS, required=True)
    parser.add_argument("--host", default="localhost")
    parser.add_argument("--port", type=int, required=True)
    for name in ("ca", "cert", "key", "client-id", "template", "own-cert", "own-key", "parameters"):
        parser.add_argument(f"--{name}", required=True)
    parser.add_argument("--csr", help="the file of a certificate signing request for the key in --own-key")
    options = parser.parse_args()
    parameters = json.loads(options.parameters)
    client = CLIENTS[options.sdk](options)
    try:
        if options.csr:
            with open(options.csr) as csr:
                certificate, key, token = client.csr(csr.read())
        else:
            certificate, key, token = client.keys()
            with open(options.own_key, "w") as file:
                file.write(key)
        with open(options.own_cert, "w") as file:
            file.write(certificate)
        say("certified", with_key=key is not None)
        name, configuration = client.register(options.template, token, parameters)
        say("registered", thing=name, configuration=configuration)
    except Rejected as rejected:
        say("rejected", status=rejected.status, code=rejected.code, message=rejected.message)
    client.disconnect()


if __name__ == "__main__":
    sys.exit(main())
