using System.Runtime.Versioning;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using LifecycleManager.Runtime.Health;
using LifecycleManager.Security.Joining;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Time.Testing;

namespace LifecycleManager.Security.Tests.Joining;

[UnsupportedOSPlatform("windows")]
public sealed class IdentityRenewalTests : IDisposable
{
    private readonly string _parent = Directory.CreateTempSubdirectory("lcm-identity-").FullName;
    private readonly FakeTimeProvider _time = new(DateTimeOffset.UtcNow);
    private readonly RecordingLog _log = new();
    private readonly ClusterAuthority _authority;
    private readonly ClusterIdentity _identity;
    private readonly RoleHealth _health;

    public IdentityRenewalTests()
    {
        _authority = ClusterAuthority.Create(Path.Combine(_parent, "ca"), "shop", TimeSpan.FromDays(90), _time);
        _identity = new ClusterIdentity(Path.Combine(_parent, "identity"));
        _health = new RoleHealth(_time);
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        _identity.Keep(_authority.Issue(SigningRequests.Create("m1", ["m1"], key), JoinRole.Master, null), key,
            new JoinedCluster([], null));
    }

    public void Dispose()
    {
        _log.Dispose();
        Directory.Delete(_parent, recursive: true);
    }

    [Fact]
    public async Task A_certificate_is_renewed_with_a_new_key_at_two_thirds_of_its_time()
    {
        using var renewal = Renewal(new OwnAuthority(_authority));
        using var first = _identity.Read();
        _time.Advance(TimeSpan.FromDays(59));
        await renewal.LookAsync(CancellationToken.None);
        using (var same = _identity.Read()) Assert.Equal(first.SerialNumber, same.SerialNumber);
        _time.Advance(TimeSpan.FromDays(1.1));
        await renewal.LookAsync(CancellationToken.None);
        using var second = _identity.Read();
        Assert.NotEqual(first.SerialNumber, second.SerialNumber);
        Assert.NotEqual(first.GetPublicKeyString(), second.GetPublicKeyString());
        Assert.True(second.HasPrivateKey);
        Assert.Equal(first.Subject, second.Subject);
        Assert.Equal(_time.GetUtcNow().AddDays(90), second.NotAfter, TimeSpan.FromSeconds(1));
        Assert.Single(_log.Lines, line => line.Contains("is renewed, until", StringComparison.Ordinal));
        await renewal.LookAsync(CancellationToken.None);
        using var third = _identity.Read();
        Assert.Equal(second.SerialNumber, third.SerialNumber);
        Assert.All(Directory.EnumerateFiles(Path.Combine(_parent, "identity")), file =>
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(file)));
    }

    [Fact]
    public async Task Revocations_and_credentials_are_taken_up_and_bad_ones_are_not()
    {
        var source = new Source();
        using var renewal = Renewal(source);
        source.Next = _authority.Trust() with { Revoked = ["4AF0"] };
        await renewal.LookAsync(CancellationToken.None);
        Assert.Contains("4AF0\n", File.ReadAllText(_identity.Revoked), StringComparison.Ordinal);
        source.Next = new Trust("another authority", """{"credentials": [{"principal": "ops"}]}""", []);
        await renewal.LookAsync(CancellationToken.None);
        Assert.Contains("\"ops\"", File.ReadAllText(_identity.Credentials), StringComparison.Ordinal);
        Assert.DoesNotContain("4AF0", File.ReadAllText(_identity.Revoked), StringComparison.Ordinal);

        // It was pinned when it was joined: nobody puts another in its place later.
        Assert.Equal(_authority.Certificate.ExportCertificatePem(), File.ReadAllText(_identity.Authority));

        source.Next = new Trust("", "nonsense", []);
        await renewal.LookAsync(CancellationToken.None);
        Assert.Contains("\"ops\"", File.ReadAllText(_identity.Credentials), StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_authority_that_is_away_is_named_in_health_and_told_once()
    {
        var source = new Source();
        using var renewal = Renewal(source);
        for (var i = 0; i < 3; i++) await renewal.LookAsync(CancellationToken.None);
        Assert.Contains("nobody there", Assert.Single(_health.Verdict().Warnings), StringComparison.Ordinal);
        Assert.True(_health.Verdict().IsUp);
        Assert.Single(_log.Lines, line => line.Contains("nobody there", StringComparison.Ordinal));
        source.Next = _authority.Trust();
        await renewal.LookAsync(CancellationToken.None);
        Assert.Empty(_health.Verdict().Warnings);
        Assert.Single(_log.Lines, line => line.Contains("to be had again", StringComparison.Ordinal));
    }

    [Fact]
    public void A_certificate_of_another_key_or_another_authority_is_not_kept()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var other = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var answer = _authority.Issue(SigningRequests.Create("m1", ["m1"], key), JoinRole.Master, null);
        var cluster = new JoinedCluster([], null);
        using var before = _identity.Read();
        Assert.Throws<FormatException>(() => _identity.Keep(answer, other, cluster));
        var stranger = ClusterAuthority.Create(Path.Combine(_parent, "stranger"), "shop", TimeSpan.FromDays(90), _time);
        Assert.Throws<FormatException>(() => _identity.Keep(answer with { Trust = stranger.Trust() }, key, cluster));
        using var after = _identity.Read();
        Assert.Equal(before.SerialNumber, after.SerialNumber);
    }

    private IdentityRenewal Renewal(IIdentitySource source) =>
        new(_identity, source, "m1", ["m1"], _health, _time, _log.CreateLogger<IdentityRenewal>());

    private sealed class Source : IIdentitySource
    {
        public Trust? Next { get; set; }

        public Task<JoinAnswer> RenewAsync(string request, CancellationToken cancellation) =>
            throw new JoinException("not asked for");

        public Task<Trust> TrustAsync(CancellationToken cancellation) => Next is { } next ? Task.FromResult(next)
            : throw new JoinException("nobody there");
    }
}
