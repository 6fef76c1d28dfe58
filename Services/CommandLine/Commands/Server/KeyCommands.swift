import API

/// `assay key …`: API keys.
enum KeyCommands {
  static let all = [create, list, revoke]

  static let create = Command(
    "key create", "Create an API key; its secret is shown this once",
    details: "With --out the secret goes to a file that only you can read, and is not printed.",
    options: [
      Option("tenant", "NAME", "the user's tenant; operators name any"),
      Option("email", "EMAIL", "the user that the key stands for; yourself unless told"),
      Option(
        "role", "ROLE", "what the key may do; all roles of its user unless told",
        repeats: true),
      Option("note", "TEXT", "what the key is for"),
      Option("lifetime", "LENGTH", "such as 12h, 90d or 52w; a year unless told"),
      Option("out", "FILE", "write the secret to this file, mode 0600"),
    ],
    examples: ["assay key create --email ana@clinic.example --tenant clinic --out ana.key"]
  ) { call in
    let arguments = call.arguments
    if let file = arguments["out"] { try SecretFile.check(file) }
    let request = IdentityCreateKeyRequest(
      tenant: arguments.text("tenant"), email: arguments.text("email"),
      roles: try arguments.choices("role"), note: arguments.text("note"),
      lifetimeSeconds: try lifetime(arguments))
    var answer = try await call.session.identity.createKey(
      request, options: call.session.callOptions)
    guard let file = arguments["out"] else { return Answer(answer, text: text(answer)) }
    try SecretFile.write(answer.secret + "\n", to: file)
    answer.secret = ""
    return Answer(answer, text: text(answer) + "\nsecret written to \(file)")
  }

  static let list = Command(
    "key list", "List keys, never their secrets",
    options: [Option("tenant", "NAME", "the tenant; your own unless you are an operator")],
    examples: ["assay key list"]
  ) { call in
    let keys = try await Pages.all { token in
      let page = try await call.session.identity.listKeys(
        IdentityListKeysRequest(
          tenant: call.arguments.text("tenant"), pageSize: Pages.size, pageToken: token),
        options: call.session.callOptions)
      return (page.keys, page.nextPageToken)
    }
    let table = Table(
      ["id", "tenant", "e-mail", "roles", "note", "expires", "revoked", "last used"], keys
    ) {
      [
        $0.id, $0.tenant, $0.email, roleNames($0.roles), $0.note, UTCTime.text($0.expireTime),
        UTCTime.text($0.revokeTime), UTCTime.text($0.lastUseTime),
      ]
    }
    return Answer(IdentityListKeysResponse(keys: keys), table, none: "no keys")
  }

  static let revoke = Command(
    "key revoke", "Revoke a key; the next call that brings it is refused",
    arguments: [Argument("KEY_ID", "id of the key, as `assay key list` shows it")],
    examples: ["assay key revoke key_abcdefghijklmnop"]
  ) { call in
    let key = try await call.session.identity.revokeKey(
      IdentityRevokeKeyRequest(id: call.arguments.argument("KEY_ID")),
      options: call.session.callOptions)
    return Answer(key, text: "key \(key.id) of \(key.email) revoked")
  }

  private static func lifetime(_ arguments: Arguments) throws -> Int64 {
    guard let text = arguments["lifetime"] else { return 0 }
    guard let seconds = Lifetime.seconds(text) else {
      throw arguments.wrong("lifetime", text, "a length such as 12h, 90d or 52w")
    }
    return seconds
  }

  private static func text(_ answer: IdentityCreateKeyResponse) -> String {
    var facts = Facts()
    facts.add("key", answer.key?.id ?? "")
    facts.add("user", answer.key?.email ?? "")
    facts.add("roles", roleNames(answer.key?.roles ?? []))
    facts.add("expires", UTCTime.text(answer.key?.expireTime))
    facts.add("secret", answer.secret)
    return facts.text
  }
}
