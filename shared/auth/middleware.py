"""`JWTMiddleware` and `jwt_middleware`: the names that code written for the earlier CLARA imports.

Both hold no state. The authenticator belongs to the application (`app.state.authenticator`); a test replaces it there.
"""

from shared.auth.decorators import optional_auth
from shared.auth.policies import authenticated_principal, require_roles


class JWTMiddleware:
    """The package's dependencies as methods: `Depends(jwt_middleware.get_current_user)`."""

    get_current_user = staticmethod(authenticated_principal)
    optional_auth = staticmethod(optional_auth)
    require_roles = staticmethod(require_roles)


jwt_middleware = JWTMiddleware()
