using System.Runtime.Versioning;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using LifecycleManager.Security.Joining;
using Microsoft.Extensions.Time.Testing;

namespace LifecycleManager.Security.Tests.Joining;

[UnsupportedOSPlatform("windows")]
public sealed class ClusterAuthorityTests : IDisposable
{
    private readonly string _parent = Directory.CreateTempSubdirectory("lcm-authority-").FullName;
    private readonly FakeTimeProvider _time = new(DateTimeOffset.UtcNow);
    private readonly ECDsa _key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
    private readonly ClusterAuthority _authority;

    public ClusterAuthorityTests() => _authority = ClusterAuthority.Create(At("ca"), "shop", TimeSpan.FromDays(90), _time);

    public void Dispose()
    {
        _key.Dispose();
        Directory.Delete(_parent, recursive: true);
    }

    [Fact]
    public void It_is_its_owners_alone_and_never_replaced()
    {
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute, File.GetUnixFileMode(At("ca")));
        Issue("node1");
        Assert.All(Directory.EnumerateFiles(At("ca"), "*", SearchOption.AllDirectories), file =>
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(file)));
        Assert.Contains("is not empty", Assert.Throws<IOException>(() =>
            ClusterAuthority.Create(At("ca"), "shop", TimeSpan.FromDays(1), _time)).Message, StringComparison.Ordinal);
        Assert.Throws<FormatException>(() => ClusterAuthority.Create(At("x"), "Shop!", TimeSpan.FromDays(1), _time));
        Assert.Contains("lcm ca init", Assert.Throws<FormatException>(() =>
            ClusterAuthority.Open(At("none"), _time)).Message, StringComparison.Ordinal);
        Assert.Equal(_authority.Digest, ClusterAuthority.Open(At("ca"), _time).Digest);
        File.WriteAllText(Path.Combine(At("ca"), "authority.pem"), "nonsense");
        Assert.Contains("cannot be used", Assert.Throws<FormatException>(() =>
            ClusterAuthority.Open(At("ca"), _time)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void What_it_signs_is_of_the_role_and_good_for_servers_and_clients()
    {
        using var certificate = X509Certificate2.CreateFromPem(Issue("node1", JoinRole.Agent, "node1", "192.0.2.7").Certificate);
        Assert.Equal("CN=node1.agent.shop", certificate.Subject);
        Assert.True(certificate.MatchesHostname("node1"));
        Assert.True(certificate.MatchesHostname("192.0.2.7"));
        Assert.False(certificate.MatchesHostname("m1"));
        Assert.Equal(_time.GetUtcNow().AddDays(90), certificate.NotAfter, TimeSpan.FromSeconds(1));
        foreach (var use in (string[])["1.3.6.1.5.5.7.3.1", "1.3.6.1.5.5.7.3.2"])
        {
            using var chain = Chain();
            chain.ChainPolicy.ApplicationPolicy.Add(new Oid(use));
            Assert.True(chain.Build(certificate), use);
        }

        // A person's serves nobody.
        using var person = X509Certificate2.CreateFromPem(Issue("alice", JoinRole.Operator).Certificate);
        using var asServer = Chain();
        asServer.ChainPolicy.ApplicationPolicy.Add(new Oid("1.3.6.1.5.5.7.3.1"));
        Assert.False(asServer.Build(person));

        // The credentials of the cluster say what each may do.
        var principals = Principals.Parse(_authority.Trust().Credentials);
        Assert.True(principals.Authenticate(null, "node1.agent.shop")!.May(Permission.Agent));
        Assert.False(principals.Authenticate(null, "node1.agent.shop")!.May(Permission.View));
        Assert.True(principals.Authenticate(null, "s.manager.shop")!.May(Permission.Operate));
        Assert.True(principals.Authenticate(null, "alice.operator.shop")!.May(Permission.Exec));
        Assert.False(principals.Authenticate(null, "alice.viewer.shop")!.May(Permission.Operate));
        Assert.Null(principals.Authenticate(null, "node1.agent.other"));
    }

    [Theory]
    [InlineData("evil.master.shop/../x")]
    [InlineData("a b")]
    [InlineData("*")]
    [InlineData("x,CN=m1.master.shop")]
    [InlineData("a-name-that-is-longer-than-the-forty-letters-of-one")]
    public void A_name_that_could_be_taken_for_more_is_refused(string name)
    {
        var request = new CertificateRequest(new X500DistinguishedName($"CN=\"{name}\""), _key, HashAlgorithmName.SHA256);
        Assert.Throws<FormatException>(() => _authority.Issue(request.CreateSigningRequestPem(), JoinRole.Agent, null));
        Assert.Empty(_authority.List());
    }

    [Fact]
    public void A_request_is_signed_by_its_key_and_asks_for_nothing_else()
    {
        var good = SigningRequests.Create("node1", ["node1"], _key);
        var der = Convert.FromBase64String(string.Concat(good.Split('\n').Where(line => !line.StartsWith('-'))));
        der[^1] ^= 1;
        Assert.Throws<FormatException>(() =>
            _authority.Issue(PemEncoding.WriteString("CERTIFICATE REQUEST", der), JoinRole.Agent, null));
        Assert.Throws<FormatException>(() => _authority.Issue("nonsense", JoinRole.Agent, null));
        using var rsa = RSA.Create(1024);
        Assert.Contains("P-256", Assert.Throws<FormatException>(() => _authority.Issue(
            new CertificateRequest(
                "CN=node1", rsa, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1).CreateSigningRequestPem(),
            JoinRole.Agent, null)).Message, StringComparison.Ordinal);

        // Whoever asks to be an authority is none.
        var greedy = new CertificateRequest("CN=node1", _key, HashAlgorithmName.SHA256);
        greedy.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        using var certificate = X509Certificate2.CreateFromPem(
            _authority.Issue(greedy.CreateSigningRequestPem(), JoinRole.Agent, null).Certificate);
        Assert.False(certificate.Extensions.OfType<X509BasicConstraintsExtension>().Single().CertificateAuthority);
    }

    [Fact]
    public void A_name_belongs_to_whoever_has_it_until_that_is_revoked_or_over()
    {
        _authority.Issue(SigningRequests.Create("m1", ["m1", "192.0.2.1", "localhost"], _key), JoinRole.Master, null);

        // Another machine with a token is not to be taken for the master.
        string? Refusal(string name, JoinRole role, string address, params string[] hosts)
        {
            try
            {
                _authority.Issue(SigningRequests.Create(name, hosts, _key), role, address);
                return null;
            }
            catch (FormatException e)
            {
                return e.Message;
            }
        }

        Assert.Equal("the name 'M1' is that of 'm1.master.shop': 'lcm ca revoke m1.master.shop' if it is gone",
            Refusal("node1", JoinRole.Agent, "192.0.2.7", "node1", "M1"));
        Assert.Contains("'192.0.2.1'", Refusal("node1", JoinRole.Agent, "192.0.2.7", "192.0.2.1"), StringComparison.Ordinal);
        Assert.Contains("is there already", Refusal("m1", JoinRole.Master, "192.0.2.7", "m9"), StringComparison.Ordinal);
        Assert.Null(Refusal("node1", JoinRole.Agent, "192.0.2.7", "node1", "localhost"));
        Assert.Null(Refusal("node1", JoinRole.Scheduler, "192.0.2.7", "node1"));

        Assert.Single(_authority.Revoke("M1.master.shop"));
        Assert.Null(Refusal("m1", JoinRole.Master, "192.0.2.7", "m1"));
        _time.Advance(TimeSpan.FromDays(91));
        Assert.Null(Refusal("m1", JoinRole.Master, "192.0.2.8", "m1"));
    }

    [Fact]
    public void What_is_revoked_is_listed_until_its_end_and_ends_are_forgotten()
    {
        Issue("one");
        _time.Advance(TimeSpan.FromDays(1));
        Issue("two");
        var (one, two) = (_authority.List()[0], _authority.List()[1]);
        Assert.Equal(("one.agent.shop", "two.agent.shop"), (one.Subject, two.Subject));
        Assert.Empty(_authority.Revoke("nobody"));
        Assert.Equal([one.Serial], _authority.Revoke(one.Serial).Select(issued => issued.Serial));
        Assert.Empty(_authority.Revoke(one.Serial));

        // Another process sees it: it is in the directory.
        var other = ClusterAuthority.Open(At("ca"), _time);
        Assert.Equal([one.Serial], other.Trust().Revoked);
        Assert.NotNull(other.List()[0].Revoked);
        _time.Advance(TimeSpan.FromDays(90));
        Assert.Empty(other.Trust().Revoked);
        _time.Advance(TimeSpan.FromDays(40));
        Issue("three");
        Assert.Equal(["three.agent.shop"], _authority.List().Select(issued => issued.Subject));
    }

    [Fact]
    public void Tokens_are_known_by_their_own_authority_alone()
    {
        var token = _authority.CreateToken(JoinRole.Agent, TimeSpan.FromHours(1));
        Assert.Null(_authority.WhyNot(token, JoinRole.Agent));
        var other = ClusterAuthority.Create(At("other"), "shop", TimeSpan.FromDays(90), _time);
        Assert.Equal("the token is none of this cluster's", other.WhyNot(token, JoinRole.Agent));
        Assert.Equal("the token is none of this cluster's", _authority.WhyNot(
            JoinToken.Create(JoinRole.Master, token.Until, _authority.Digest, new byte[32]), JoinRole.Master));
        _time.Advance(TimeSpan.FromHours(1));
        Assert.StartsWith("the token was good until", _authority.WhyNot(token, JoinRole.Agent), StringComparison.Ordinal);
    }

    private JoinAnswer Issue(string name, JoinRole role = JoinRole.Agent, params string[] hosts) =>
        _authority.Issue(SigningRequests.Create(name, hosts, _key), role, null);

    private X509Chain Chain()
    {
        var chain = new X509Chain();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.CustomTrustStore.Add(_authority.Certificate);
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        chain.ChainPolicy.VerificationTime = _time.GetUtcNow().UtcDateTime;
        return chain;
    }

    private string At(string name) => Path.Combine(_parent, name);
}
