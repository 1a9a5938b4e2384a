using System.Net.Http.Headers;
using System.Text;
using LifecycleManager.Runtime;

namespace LifecycleManager.Clusters.Http;

/// <summary>
/// Adds the credentials of a <see cref="ClusterConnection"/> to each request; files are read again when they change.
/// </summary>
internal sealed class CredentialHandler(ClusterConnection connection) : DelegatingHandler
{
    private readonly SecretFile? _token = connection.TokenFile is { } path ? new SecretFile(path) : null;
    private readonly SecretFile? _password = connection.PasswordFile is { } path ? new SecretFile(path) : null;

    protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        if (_token is not null)
        {
            var token = Read(_token);
            if (connection.TokenHeader is { } header) Set(request, header, token);
            else if (HasScheme(token)) Set(request, "Authorization", token);
            else request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
        }
        else if (connection.User is { } user && _password is not null)
        {
            var pair = Convert.ToBase64String(Encoding.UTF8.GetBytes($"{user}:{Read(_password)}"));
            request.Headers.Authorization = new AuthenticationHeaderValue("Basic", pair);
        }

        return base.SendAsync(request, cancellationToken);
    }

    // In place of what it was: a request that is sent once more carries the header of its first attempt.
    private static void Set(HttpRequestMessage request, string header, string value)
    {
        request.Headers.Remove(header);
        request.Headers.TryAddWithoutValidation(header, value);
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
            throw new CredentialException($"the credentials in {file.Path} cannot be read: {e.Message}", e);
        }
    }
}

/// <summary>The credentials cannot be read.</summary>
internal sealed class CredentialException(string message, Exception inner) : Exception(message, inner);
