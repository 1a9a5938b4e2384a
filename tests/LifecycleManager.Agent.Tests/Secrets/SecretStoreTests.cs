using LifecycleManager.Agent.Launching;
using LifecycleManager.Agent.Secrets;
using LifecycleManager.Protocol.Mesos;
using LifecycleManager.Agent.Tests.Fakes;

namespace LifecycleManager.Agent.Tests.Secrets;

public sealed class SecretStoreTests : IDisposable
{
    private readonly TemporaryDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public void A_reference_is_a_file_of_the_directory_else_a_variable_of_the_agent()
    {
        Directory.CreateDirectory(Path.Combine(_directory.Path, "db"));
        Write("token", "abc");
        Write("db/password", "s3cret");
        var store = new SecretStore(_directory.Path);
        Assert.Equal("abc", store.Resolve(Reference("token")));
        Assert.Equal("s3cret", store.Resolve(Reference("db", "password")));

        Environment.SetEnvironmentVariable("LCM_SECRET_MAIL_API_KEY", "of a variable");
        try
        {
            Assert.Equal("of a variable", store.Resolve(Reference("mail-api", "key")));
            Assert.Equal("of a variable", new SecretStore(null).Resolve(Reference("mail.api", "key")));
        }
        finally
        {
            Environment.SetEnvironmentVariable("LCM_SECRET_MAIL_API_KEY", null);
        }
    }

    [Theory]
    [InlineData("absent", null, "the secret 'absent' is not on this agent")]
    [InlineData("absent", "key", "the secret 'absent/key' is not on this agent")]
    [InlineData("../up", null, "a secret has a reference whose name ")]
    [InlineData("db", "../../up", "a secret has a reference whose key ")]
    public void What_is_not_there_or_leads_elsewhere_is_refused(string name, string? key, string words)
    {
        var refused = Assert.Throws<LaunchException>(() => new SecretStore(_directory.Path).Resolve(Reference(name, key)));
        Assert.StartsWith(words, refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void One_that_says_nothing_is_refused() => Assert.Throws<LaunchException>(
        () => new SecretStore(_directory.Path).Resolve(new Secret { Type = "REFERENCE" }));

    private static Secret Reference(string name, string? key = null) =>
        new() { Type = "REFERENCE", Reference = new Secret.ReferenceInfo(name, key) };

    private void Write(string name, string secret)
    {
        var path = Path.Combine(_directory.Path, name);
        File.WriteAllText(path, secret);
        File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite);
    }
}
