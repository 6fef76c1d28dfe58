// Times C++ protobuf on the messages of `assay-bench codec`, on one thread, and prints one JSON
// object for each:
//
//   codec SECONDS     seconds for each figure
//
// Encoding goes into memory that is there already (SerializeToArray, sizes computed anew each
// time), decoding into a message that is made for it (ParseFromArray). No arena.

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "messages.pb.h"

namespace {

using assay::peers::codec::v1::Bytes;
using assay::peers::codec::v1::Doubles;
using assay::peers::codec::v1::Event;
using assay::peers::codec::v1::Field;

/// Keeps the optimiser from leaving out what nobody looks at.
template <typename Value>
void Keep(const Value& value) {
  asm volatile("" : : "g"(&value) : "memory");
}

template <typename Body>
double Nanoseconds(int64_t count, Body body) {
  const auto start = std::chrono::steady_clock::now();
  for (int64_t i = 0; i < count; i++) body();
  const auto end = std::chrono::steady_clock::now();
  return std::chrono::duration<double, std::nano>(end - start).count();
}

/// Nanoseconds of one `body`: the median of several batches of at least 2 ms, as assay-bench does.
template <typename Body>
double Time(double seconds, Body body) {
  int64_t batch = 1;
  while (Nanoseconds(batch, body) <= 2e6) batch *= 2;
  std::vector<double> samples;
  double spent = 0;
  do {
    const double elapsed = Nanoseconds(batch, body);
    samples.push_back(elapsed / static_cast<double>(batch));
    spent += elapsed;
  } while (spent < seconds * 1e9);
  std::sort(samples.begin(), samples.end());
  return samples[samples.size() / 2];
}

template <typename Message>
void Measure(const char* name, const Message& message, double seconds) {
  std::string bytes;
  if (!message.SerializeToString(&bytes)) std::exit(1);
  std::string output(bytes.size(), '\0');
  const int size = static_cast<int>(bytes.size());

  const double encode = Time(seconds, [&] {
    if (!message.SerializeToArray(&output[0], size)) std::exit(1);
    Keep(output);
  });
  const double decode = Time(seconds, [&] {
    Message decoded;
    if (!decoded.ParseFromArray(bytes.data(), size)) std::exit(1);
    Keep(decoded);
  });
  std::printf(
      "{\"peer\":\"protobuf-cpp\",\"message\":\"%s\",\"bytes\":%d,\"encode_ns\":%.1f,"
      "\"decode_ns\":%.1f,\"encode_mb_per_second\":%.0f,\"decode_mb_per_second\":%.0f}\n",
      name, size, encode, decode, size / encode * 1000, size / decode * 1000);
  std::fflush(stdout);
}

Event MakeEvent() {
  Event event;
  event.mutable_time()->set_seconds(1732570000);
  event.mutable_time()->set_nanos(123456789);
  event.set_source("evaluation-worker-07");
  event.set_kind("started");
  event.set_text("scoring of submission 4711 has begun now");
  return event;
}

Field MakeField() {
  Field field;
  field.set_kind(9);
  field.set_number(7);
  field.set_name("prediction_bounds");
  field.set_type_url("type.assay.example/PredictionRow");
  field.set_json_name("predictionBounds00");
  return field;
}

}  // namespace

int main(int argc, char** argv) {
  const double seconds = argc > 1 ? std::atof(argv[1]) : 0.5;
  if (argc > 2 || seconds <= 0) {
    std::fprintf(stderr, "codec: expected SECONDS, or nothing\n");
    return 2;
  }
  Measure("small_ts_3str", MakeEvent(), seconds);
  Measure("field_3str_2int", MakeField(), seconds);
  Doubles doubles;
  for (int i = 0; i < 1000000; i++) doubles.add_values(i * 0.5);
  Measure("packed_double_1M", doubles, seconds);
  Bytes all;
  all.set_value(std::string(8000000, 7));
  Measure("bytes_8MB", all, seconds);
  return 0;
}
