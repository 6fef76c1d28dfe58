import API
import Foundation

/// `assay login`, `whoami` and `health`: whom one speaks to, and as whom.
enum LoginCommands {
  static let all = [login, whoAmI, health]

  static let login = Command(
    "login", "Check a key and remember it with its gateway in a profile file",
    details: """
      The profile is written with mode 0600. Flags and the environment come before it in every
      command, so a profile never gets in the way of a script.
      """,
    examples: [
      "assay login --endpoint assay.example:7443 --key-file ana.key --ca ca.pem",
      "assay whoami",
    ]
  ) { call in
    let options = call.session.options
    guard !options.key.isEmpty else {
      throw UsageError(
        "a key is missing: --key-file FILE, or - for standard input",
        command: "login")
    }
    let who = try await call.session.identity.whoAmI(
      IdentityWhoAmIRequest(), options: call.session.callOptions)
    let ca = options.ca.isEmpty ? nil : URL(fileURLWithPath: options.ca).path
    let path = options.profilePath
    try Profile(endpoint: options.endpoint, key: options.key, ca: ca).save(path)
    return Answer(who, text: text(who) + "\nprofile written to \(path)")
  }

  static let whoAmI = Command(
    "whoami", "Show whom the gateway takes you for", examples: ["assay whoami"]
  ) { call in
    let who = try await call.session.identity.whoAmI(
      IdentityWhoAmIRequest(), options: call.session.callOptions)
    return Answer(who, text: text(who))
  }

  static let health = Command(
    "health", "Ask whether the gateway serves",
    details: "Exits with 1 when it does not.",
    options: [
      Option(
        "service", "NAME",
        "full name of one service, such as "
          + "assay.catalog.v1.UseCases; the whole gateway unless told")
    ],
    examples: ["assay health"]
  ) { call in
    let answer = try await call.session.health.check(
      RPCHealthCheckRequest(service: call.arguments.text("service")),
      options: call.session.callOptions)
    let status = EnumName.text(answer.status)
    guard answer.status == .serving else {
      throw CommandFailure("\(call.session.options.endpoint) is \(status)")
    }
    return Answer(answer, text: "\(call.session.options.endpoint) is \(status)")
  }

  private static func text(_ who: IdentityWhoAmIResponse) -> String {
    var facts = Facts()
    facts.add("tenant", who.principal?.tenant ?? "")
    facts.add("tenant name", who.tenant?.displayName ?? "")
    facts.add("e-mail", who.principal?.email ?? "")
    facts.add("user", who.principal?.user ?? "")
    facts.add("roles", roleNames(who.principal?.roles ?? []))
    facts.add("key", who.principal?.keyId ?? "")
    return facts.text
  }
}
