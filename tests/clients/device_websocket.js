// A client on the AWS IoT Device SDK v2 for JavaScript that signs with an access key and speaks MQTT in a WebSocket:
// subscribes to a topic, publishes to it and waits for its own message. The key comes from the environment.
"use strict";

const { parseArgs } = require("node:util");
const { auth, iot, mqtt, mqtt5 } = require("aws-iot-device-sdk-v2");

const { values: options } = parseArgs({
  options: {
    mqtt: { type: "string" },
    host: { type: "string", default: "localhost" },
    port: { type: "string" },
    ca: { type: "string" },
    region: { type: "string", default: process.env.AWS_REGION || "us-east-1" },
    "client-id": { type: "string", default: "web-js" },
    topic: { type: "string", default: "plant/1" },
  },
});

const say = (event, facts = {}) => console.log(JSON.stringify({ event, ...facts }));
const text = (payload) => Buffer.from(payload).toString();

async function version3() {
  const config = iot.AwsIotMqttConnectionConfigBuilder.new_with_websockets({
    region: options.region,
    credentials_provider: auth.AwsCredentialsProvider.newDefault(),
  })
    .with_certificate_authority_from_path(undefined, options.ca)
    .with_endpoint(options.host)
    .with_port(Number(options.port))
    .with_client_id(options["client-id"])
    .with_clean_session(true)
    .build();
  const connection = new mqtt.MqttClient().new_connection(config);
  await connection.connect();
  say("connected");
  const message = new Promise((resolve, reject) => {
    connection
      .subscribe(options.topic, mqtt.QoS.AtLeastOnce, (_, body) => resolve(text(body)))
      .then(() => connection.publish(options.topic, "hello", mqtt.QoS.AtLeastOnce))
      .catch(reject);
  });
  say("received", { payload: await message });
  await connection.disconnect();
}

async function version5() {
  const builder = iot.AwsIotMqtt5ClientConfigBuilder.newWebsocketMqttBuilderWithSigv4Auth(options.host, {
    region: options.region,
    credentialsProvider: auth.AwsCredentialsProvider.newDefault(),
  });
  builder.withPort(Number(options.port));
  builder.withCertificateAuthorityFromPath(undefined, options.ca);
  builder.withConnectProperties({ keepAliveIntervalSeconds: 60, clientId: options["client-id"] });
  const client = new mqtt5.Mqtt5Client(builder.build());
  const once = (event) => new Promise((resolve) => client.once(event, resolve));
  // The client goes on trying; one that is refused once is refused here.
  const refused = new Promise((_, reject) => client.on("connectionFailure", (data) => reject(data.error)));
  const connected = Promise.race([once("connectionSuccess"), refused]);
  client.start();
  await connected;
  say("connected");
  const message = once("messageReceived");
  await client.subscribe({ subscriptions: [{ topicFilter: options.topic, qos: mqtt5.QoS.AtLeastOnce }] });
  await client.publish({ topicName: options.topic, qos: mqtt5.QoS.AtLeastOnce, payload: "hello" });
  say("received", { payload: text((await message).message.payload) });
  const stopped = once("stopped");
  client.stop();
  await stopped;
}

(options.mqtt === "5" ? version5() : version3()).then(
  () => {
    say("done");
    process.exit(0);
  },
  (error) => {
    say("refused", { error: String(error) });
    process.exit(1);
  },
);
