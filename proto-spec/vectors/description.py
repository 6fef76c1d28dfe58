"""Frames as JSON, for people and for tests that cannot read the hex."""

from google.protobuf import json_format

from assay.rpc.v1 import control_pb2 as wire
from assay_rpc.frames import MAGIC, Flag, FrameReader, Kind

PAYLOADS = {
    Kind.HELLO: wire.Hello, Kind.REQUEST: wire.Request, Kind.RESPONSE: wire.Response,
    Kind.STATUS: wire.Status, Kind.CANCEL: wire.Cancel, Kind.CREDIT: wire.Credit,
    Kind.PING: wire.Ping, Kind.GOAWAY: wire.Goaway,
}


def fields(message) -> dict:
    return json_format.MessageToDict(message, preserving_proto_field_name=True)


def describe(frame) -> dict:
    flags = [flag.name for flag in Flag if frame.flags & flag]
    result = {
        "kind": frame.kind.name, "flags": flags, "stream": frame.stream,
        "size": len(frame.payload),
    }
    if frame.kind in PAYLOADS:
        payload = frame.payload[len(MAGIC):] if frame.kind == Kind.HELLO else frame.payload
        result["fields"] = fields(PAYLOADS[frame.kind].FromString(payload))
    return result


def parse(data: bytes) -> list:
    reader = FrameReader(limit=1 << 24)
    reader.feed(data)
    frames = []
    while (frame := reader.next()) is not None:
        frames.append(frame)
    return frames
