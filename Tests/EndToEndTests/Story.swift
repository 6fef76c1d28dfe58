import Foundation

/// What most tests begin with, played with the command line.
struct Story {
  static let organiser = "clinic"
  static let samples = Executables.root + "/deploy/samples"
  static let folder = samples + "/breast-cancer"
  static let task = "tabular-classification"

  let installation: Installation
  let useCase: String

  /// Tenants with a user and a key each; the key file has the tenant's name.
  static func enrol(_ people: [(tenant: String, roles: String)], in installation: Installation)
    async throws
  {
    for (tenant, roles) in people {
      try await installation.succeed(["tenant", "create", tenant], as: "operator")
      try await installation.succeed(
        ["user", "create", email(tenant), "--tenant", tenant, "--role", roles], as: "operator")
      try await installation.succeed(
        [
          "key", "create", "--tenant", tenant, "--email", email(tenant), "--out",
          await installation.keyFile(tenant),
        ], as: "operator")
    }
  }

  static func email(_ tenant: String) -> String { "someone@\(tenant).example" }

  /// A published private use case on the breast cancer samples, with `vendors` taking part.
  static func begin(_ installation: Installation, vendors: [String]) async throws -> Story {
    try await enrol([(organiser, "organiser,billing")], in: installation)
    try await enrol(vendors.map { ($0, "participant") }, in: installation)
    var ids: [String] = []
    for (purpose, file) in [("train", "train.csv"), ("test", "truth.csv")] {
      let reply = try await installation.succeed(
        [
          "dataset", "ingest", "\(folder)/\(file)", "--task", task, "--purpose", purpose,
          "--classes", "malignant,benign",
        ], as: organiser)
      ids.append(try reply.text("metadataset.id"))
    }
    var words = [
      "use-case", "create", "--title", "Tumour type", "--task", task, "--privacy", "private",
      "--cover", samples + "/assets/cover.png", "--train", ids[0], "--test", ids[1], "--metric",
      "f1", "--param", "average=macro", "--notebook", samples + "/assets/eda.ipynb",
      "--description", "Tell malignant from benign.", "--participants", "10", "--pflop", "200",
      "--end", "2099-12-31",
    ]
    for vendor in vendors { words += ["--invite", email(vendor)] }
    let id = try await installation.succeed(words, as: organiser).text("id")
    try await installation.succeed(["use-case", "publish", id], as: organiser)
    for vendor in vendors {
      try await installation.succeed(["invite", "accept", "--use-case", id], as: vendor)
    }
    return Story(installation: installation, useCase: id)
  }

  /// A run from start to finish.
  func train(_ vendor: String, pflop: String) async throws {
    let run = try await installation.succeed(
      ["run", "start", "--use-case", useCase], as: vendor
    ).text("run.id")
    try await installation.succeed(["run", "report", run, "--pflop", pflop], as: vendor)
    try await installation.succeed(["run", "finish", run, "--pflop", pflop], as: vendor)
  }

  /// Submits a vendor's sample file and answers the submission's id.
  func submit(_ vendor: String) async throws -> String {
    try await installation.succeed(
      ["submit", "\(Self.folder)/\(vendor).csv", "--use-case", useCase], as: vendor
    ).text("submission.id")
  }

  /// Waits for a submission's score and answers its primary value.
  func score(_ submission: String, of vendor: String) async throws -> Double? {
    let reply = try await installation.succeed(
      ["submission", "watch", submission, "--timeout", "60"], as: vendor)
    return try reply.value("primary.value") as? Double
  }

  /// What the reference library says of a vendor's file.
  static func expected(_ vendor: String) throws -> Double? {
    let data = try Data(contentsOf: URL(fileURLWithPath: folder + "/expected.json"))
    let object = try JSONSerialization.jsonObject(with: data) as? [String: Any]
    let participants = object?["participants"] as? [String: [String: Double]]
    return participants?[vendor]?["f1_macro"]
  }
}
