// A device on the AWS IoT Device SDK v2 for JavaScript: subscribes to a topic, publishes to it and waits for its own
// message. It prints a line of JSON for each thing that happens, in the words of device.py. Nothing of the SDK's own
// settings is changed but endpoint, port and CA: it offers x-amzn-mqtt-ca by ALPN on every port.
"use strict";

const { parseArgs } = require("node:util");
const { iot, mqtt, mqtt5 } = require("aws-iot-device-sdk-v2");

const PATIENCE_MS = 30_000;

const { values: options } = parseArgs({
  options: {
    mqtt: { type: "string" },
    host: { type: "string", default: "localhost" },
    port: { type: "string" },
    ca: { type: "string" },
    cert: { type: "string" },
    key: { type: "string" },
    "client-id": { type: "string" },
    topic: { type: "string" },
  },
});

const say = (event, facts = {}) => console.log(JSON.stringify({ event, ...facts }));
const text = (payload) => Buffer.from(payload).toString();

function within(promise, what) {
  const late = new Promise((_, reject) => {
    setTimeout(() => reject(new Error(`${what} took too long`)), PATIENCE_MS).unref();
  });
  return Promise.race([promise, late]);
}

class Version3 {
  constructor() {
    const config = iot.AwsIotMqttConnectionConfigBuilder.new_mtls_builder_from_path(options.cert, options.key)
      .with_certificate_authority_from_path(undefined, options.ca)
      .with_endpoint(options.host)
      .with_port(Number(options.port))
      .with_client_id(options["client-id"])
      .with_clean_session(true)
      .build();
    this.connection = new mqtt.MqttClient().new_connection(config);
  }

  connect() {
    return this.connection.connect();
  }

  async exchange(topic, payload) {
    let arrived;
    const message = new Promise((resolve) => (arrived = resolve));
    const granted = await this.connection.subscribe(topic, mqtt.QoS.AtLeastOnce, (on, body) =>
      arrived({ topic: on, payload: text(body) }),
    );
    say("subscribed", { qos: granted.qos });
    await this.connection.publish(topic, payload, mqtt.QoS.AtLeastOnce);
    say("received", await message);
  }

  disconnect() {
    return this.connection.disconnect();
  }
}

class Version5 {
  constructor() {
    const config = iot.AwsIotMqtt5ClientConfigBuilder.newDirectMqttBuilderWithMtlsFromPath(
      options.host,
      options.cert,
      options.key,
    )
      .withCertificateAuthorityFromPath(undefined, options.ca)
      .withPort(Number(options.port))
      .withConnectProperties({ clientId: options["client-id"], keepAliveIntervalSeconds: 30 })
      .build();
    this.client = new mqtt5.Mqtt5Client(config);
  }

  connect() {
    return new Promise((resolve, reject) => {
      this.client.once("connectionSuccess", resolve);
      this.client.once("connectionFailure", (failure) => reject(failure.error));
      this.client.start();
    });
  }

  async exchange(topic, payload) {
    const message = new Promise((resolve) => this.client.once("messageReceived", resolve));
    const qos = mqtt5.QoS.AtLeastOnce;
    const { reasonCodes } = await this.client.subscribe({ subscriptions: [{ topicFilter: topic, qos }] });
    say("subscribed", { qos: reasonCodes[0] });
    const userProperties = [{ name: "sent-by", value: "device.js" }];
    const published = await this.client.publish({ topicName: topic, payload, qos, userProperties });
    if (published.reasonCode !== mqtt5.PubackReasonCode.Success) throw new Error(`PUBACK ${published.reasonCode}`);
    const received = (await message).message;
    if (JSON.stringify(received.userProperties) !== JSON.stringify(userProperties)) {
      throw new Error(`the user properties arrived as ${JSON.stringify(received.userProperties)}`);
    }
    say("received", { topic: received.topicName, payload: text(received.payload) });
  }

  disconnect() {
    return new Promise((resolve) => {
      this.client.once("stopped", resolve);
      this.client.stop();
    });
  }
}

async function main() {
  const device = options.mqtt === "5" ? new Version5() : new Version3();
  try {
    await within(device.connect(), "connecting");
  } catch (error) {
    say("refused", { error: String(error) });
    process.exit(1);
  }
  say("connected");
  await within(device.exchange(options.topic, "one"), "the exchange");
  await within(device.disconnect(), "disconnecting");
  say("disconnected");
  // The SDK keeps threads of its own.
  process.exit(0);
}

main().catch((error) => {
  say("failed", { error: String(error) });
  process.exit(2);
});
