using LifecycleManager.Discovery.Eureka;

namespace LifecycleManager.Cli.Configuration;

/// <summary>Values of the options about Eureka.</summary>
internal static class EurekaValues
{
    /// <summary><c>USER@FILE</c>, <c>FILE</c>, <c>USER@env:NAME</c></summary>
    /// <exception cref="FormatException">It is none; nothing of it is shown: it may be the secret itself.</exception>
    public static EurekaCredential Credential(string text) =>
        MetricsValues.Credentials("eureka=" + text) is [var credential] ? new EurekaCredential(credential.User, credential.Secret)
        : throw new FormatException("one credential is needed: USER@FILE, FILE or USER@env:NAME");
}
