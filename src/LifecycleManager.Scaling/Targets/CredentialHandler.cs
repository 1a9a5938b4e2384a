using System.Net.Http.Headers;
using System.Text;
using LifecycleManager.Runtime;

namespace LifecycleManager.Scaling.Targets;

/// <summary>Adds the credentials of <see cref="TargetOptions"/> to each request; files are read again when they change.</summary>
internal sealed class CredentialHandler(TargetOptions options) : DelegatingHandler
{
    private const string NomadHeader = "X-Nomad-Token";
    private readonly SecretFile? _token = options.TokenFile is { } path ? new SecretFile(path) : null;
    private readonly SecretFile? _password = options.PasswordFile is { } path ? new SecretFile(path) : null;

    protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        if (_token is not null)
        {
            var token = Read(_token);
            if (options.Kind == TargetKind.Nomad) request.Headers.Add(NomadHeader, token);
            else if (HasScheme(token)) request.Headers.TryAddWithoutValidation("Authorization", token);
            else request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
        }
        else if (options.User is { } user && _password is not null)
        {
            var pair = Convert.ToBase64String(Encoding.UTF8.GetBytes($"{user}:{Read(_password)}"));
            request.Headers.Authorization = new AuthenticationHeaderValue("Basic", pair);
        }

        return base.SendAsync(request, cancellationToken);
    }

    private static bool HasScheme(string token) =>
        token.Contains(' ', StringComparison.Ordinal) || token.StartsWith("token=", StringComparison.Ordinal);

    private static string Read(SecretFile file)
    {
        try
        {
            var text = file.Read().Trim();
            return text.Length > 0 && !text.Any(char.IsControl)
                ? text : throw new IOException("it does not hold one line of text");
        }
        catch (IOException e)
        {
            throw new TargetCredentialException($"the credentials in {file.Path} cannot be read: {e.Message}", e);
        }
    }
}

/// <summary>The credentials cannot be read.</summary>
internal sealed class TargetCredentialException(string message, Exception inner) : Exception(message, inner);
