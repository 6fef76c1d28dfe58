import GatewayService
import ServiceKit

ServiceMain.run(GatewayProgram.self)
