using System.Net.Http.Headers;
using System.Text;
using LifecycleManager.Runtime;

namespace LifecycleManager.Discovery.Eureka;

/// <summary>Who a role is to Eureka.</summary>
/// <param name="User">The user name for basic authentication; null: the secret is a bearer token.</param>
/// <param name="Secret">
/// Where the password or token is: a file, read again when it changes, or <c>env:NAME</c> for an environment variable.
/// Surrounding white space is cut.
/// </param>
public sealed record EurekaCredential(string? User, string Secret)
{
    /// <summary>What <see cref="Secret"/> begins with where it names a variable.</summary>
    public const string Variable = "env:";
}

/// <summary>Reads a credential. Its content is in no message and no log.</summary>
internal sealed class EurekaLogin(EurekaCredential? credential)
{
    private readonly SecretFile? _file = credential is { } given && !IsVariable(given) ? new SecretFile(given.Secret) : null;

    /// <summary>The header of a call; null where none is needed.</summary>
    /// <exception cref="IOException">The file cannot be read, or holds no line of text.</exception>
    public AuthenticationHeaderValue? Header()
    {
        if (credential is null) return null;
        var secret = (_file?.Read() ?? Environment.GetEnvironmentVariable(credential.Secret[EurekaCredential.Variable.Length..]))
            ?.Trim();
        if (string.IsNullOrEmpty(secret) || secret.Any(char.IsControl))
            throw new IOException($"the credential {credential.Secret} does not hold one line of text");
        return credential.User is { } user
            ? new AuthenticationHeaderValue("Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes($"{user}:{secret}")))
            : new AuthenticationHeaderValue("Bearer", secret);
    }

    private static bool IsVariable(EurekaCredential credential) =>
        credential.Secret.StartsWith(EurekaCredential.Variable, StringComparison.Ordinal);
}
